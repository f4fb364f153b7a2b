# Segue with a fuller soundfont; FluidSynth itself comes with the requirements. Debian's own Python keeps every step
# an ordinary Debian command.
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates python3 python3-venv musescore-general-soundfont-small \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 segue && install -d -o segue -g segue /data

WORKDIR /srv/segue

# pip reads this by itself: a machine without an NVIDIA GPU names an index of CPU builds of torch here (see README)
ARG PIP_EXTRA_INDEX_URL
COPY requirements.txt .
RUN python3 -m venv .venv && .venv/bin/pip install --no-cache-dir -r requirements.txt

COPY . .

USER segue
# what numba compiles for this processor outlives the container
ENV SEGUE_DATA_DIR=/data NUMBA_CACHE_DIR=/data/numba
VOLUME /data
EXPOSE 7860
HEALTHCHECK --start-period=120s --interval=30s --timeout=5s \
    CMD [".venv/bin/python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/health', timeout=4)"]
CMD [".venv/bin/python", "app.py", "--host", "0.0.0.0", "--port", "7860"]
