"""The public HTTP API: REST under /v1 in front of the services. It owns no data and decides no business rule:
it checks the shape of what clients send, passes it on as protobuf, and turns answers and errors into JSON."""
