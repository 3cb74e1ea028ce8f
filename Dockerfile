FROM python:3.13-slim
RUN pip install --no-cache-dir uv && useradd --system --create-home mastery
WORKDIR /app
ENV UV_COMPILE_BYTECODE=1 PYTHONUNBUFFERED=1 MASTERY_DATA=/var/lib/app
COPY pyproject.toml .python-version README.md ./
RUN uv sync --no-default-groups
COPY . .
RUN mkdir -p /var/lib/app && chown mastery /var/lib/app
USER mastery
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz')"]
CMD [".venv/bin/python", "manage.py", "serve", "--host", "0.0.0.0"]
