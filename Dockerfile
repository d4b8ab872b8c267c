# Two stages: the build needs Rust, the image only the program and the certificates of public authorities.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package helmd

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home helmd
COPY --from=build /src/target/release/helmd /usr/local/bin/helmd
USER 10001
WORKDIR /home/helmd
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/helmd"]
