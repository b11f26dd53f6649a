"""The parts of chassis.testing: embedded servers, databases, signed tokens, an in-process gRPC server."""
