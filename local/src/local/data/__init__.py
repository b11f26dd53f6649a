"""The demo data, prepared once and checked in; README.md says where it comes from and under which licence."""
