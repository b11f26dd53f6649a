# The image of one part of Commis: docker build --build-arg SERVICE=orders -t commis/orders .
# SERVICE is customers, catalog, orders, library, notifications, gateway or local (mail box and demo data).
# Run it as `docker run commis/orders orders serve` and, before, `... orders migrate`. No build needs BuildKit.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
# pip lives in an environment of its own, so that nothing of it is in the image that runs.
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv
# What all services share is one layer, installed once for all of them.
COPY locks/chassis.txt /locks/
RUN /opt/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --progress-bar off \
        --root-user-action ignore --only-binary :all: --require-hashes -r /locks/chassis.txt
ARG SERVICE
COPY locks/${SERVICE}.txt /locks/
RUN /opt/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --progress-bar off \
        --root-user-action ignore --only-binary :all: --require-hashes -r /locks/${SERVICE}.txt
COPY . /src
# The tree keeps the shape of the repository: a service finds its migrations beside its sources.
RUN set -eu; cd /src; \
    member=$SERVICE; [ ! -d "services/$SERVICE" ] || member=services/$SERVICE; \
    for part in proto/gen chassis/src "$member/src" "$member/migrations" "$member/alembic.ini"; do \
        [ -e "$part" ] || continue; \
        mkdir -p "/app/$(dirname "$part")"; cp -r "$part" "/app/$part"; \
    done; \
    cp deploy/live.py /app/live.py; \
    packages=$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
    printf '/app/%s\n' proto/gen chassis/src "$member/src" >"$packages/commis.pth"; \
    /opt/venv/bin/python -m compileall -q /app

FROM ${BASE_IMAGE}
ARG SERVICE
RUN useradd --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin commis && \
    install -d -o 10001 -g 10001 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    COMMIS_PART=${SERVICE}
WORKDIR /app
USER 10001:10001
# Liveness touches no dependency: a database that is away must not restart the services.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["python", "-I", "-S", "/app/live.py"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]
