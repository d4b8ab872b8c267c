# The build needs Rust; the image holds the program, the libraries that it is linked with, and the certificates of public authorities.
# `make image` makes the same image without a container engine.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package helmd \
 && cargo run --release --locked --package xtask -- rootfs target/release/helmd /rootfs

FROM scratch
COPY --from=build /rootfs /
ENV PATH=/usr/local/bin HOME=/home/helmd SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 10001:10001
WORKDIR /home/helmd
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/helmd"]
