# The whole pipeline on Debian 12:
#     docker build -t tinydf .
#     docker run --name demo tinydf && docker cp demo:/tinydf/build/demo/report.html .
# Where pip's index does not serve PyTorch's CPU build: --build-arg PIP_EXTRA_INDEX_URL=<PyTorch's CPU index>
FROM debian:bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git make

# The package lists stay: `tinydf data demo` asks apt for packages of photographs.
WORKDIR /tinydf
COPY . .
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
RUN PIP_NO_CACHE_DIR=1 make setup
ENV PATH="/tinydf/.venv/bin:$PATH"

CMD ["make", "demo"]
