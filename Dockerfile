# syntax=docker/dockerfile:1
# Two images of `mistral serve`:
#   docker build --target cpu -t mistral-ilgpu:cpu .
#   docker build --target nvidia -t mistral-ilgpu:nvidia .
# Both run without root and with a read-only file system: what is written goes to /cache (compiled kernels) and /models (models).

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/Mistral.Ilgpu.Cli -c Release -o /app -p:UseAppHost=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble AS base
ENV XDG_CACHE_HOME=/cache \
    HF_HOME=/models \
    DOTNET_EnableDiagnostics=0
RUN mkdir /cache /models && chown "$APP_UID:$APP_UID" /cache /models
COPY --from=build /app /app
EXPOSE 8080
VOLUME ["/cache", "/models"]
# SIGTERM ends texts in order, see --drain.
STOPSIGNAL SIGTERM
ENTRYPOINT ["dotnet", "/app/mistral.dll"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]

# OpenCL on the CPU by PoCL.
FROM base AS cpu
RUN apt-get update \
    && apt-get install -y --no-install-recommends pocl-opencl-icd ocl-icd-libopencl1 \
    && rm -rf /var/lib/apt/lists/*
USER $APP_UID

# The NVIDIA container toolkit brings the driver, and nothing else is needed.
FROM base AS nvidia
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER $APP_UID
