"""The demonstration: fill an installation with the demo data and order in it as a representative.

Everything goes through the public API and the mail box, as a customer's own tools would do it, so it works
against any empty installation: the one of ``python -m local run``, containers, or machines far away. What is
there already is left alone, so it may be run again, also after it was interrupted.
"""
