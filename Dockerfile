# Hourglass on CPUs; what to do with it: docs/hosting.md.
FROM python:3.11-slim AS packages
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /packages
COPY requirements.txt requirements.lock ./
RUN python -m venv /venv
RUN /venv/bin/pip install --no-cache-dir --no-deps --index-url "$TORCH_INDEX" \
        $(grep -E '^torch(vision)?==' requirements.txt)
RUN /venv/bin/pip install --no-cache-dir --constraint requirements.lock -r requirements.txt

FROM python:3.11-slim
RUN useradd --create-home --uid 1000 hourglass && install --directory --owner hourglass /data
COPY --from=packages /venv /venv
WORKDIR /hourglass
COPY app.py requirements.txt ./
COPY .streamlit .streamlit
COPY core core
COPY pages pages
COPY checkpoints checkpoints
ENV PATH=/venv/bin:$PATH \
    HOURGLASS_HOME=/data \
    HOURGLASS_CHECKPOINTS=/data/checkpoints \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0
USER hourglass
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "core", "app", "--no-browser"]
