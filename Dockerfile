# imds-probe in an image of one file.
#
#   docker build --build-arg VERSION=1.2.3 -t imds-probe .
#   docker run --rm --network=host imds-probe
#
# On a bridge network the daemon is one hop further from IMDS, and sees what a
# container sees: the instance's hop limit.
FROM docker.io/library/golang:1.26.8 AS build
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=${VERSION}" \
    -o /imds-probe ./cmd/imds-probe

FROM scratch
COPY --from=build /imds-probe /imds-probe
COPY LICENSE /LICENSE
# Nobody, by number: there is no /etc/passwd to look a name up in.
USER 65532:65532
ENV GOMEMLIMIT=48MiB
EXPOSE 16925
# Whether the daemon serves, not whether IMDS is well: the only witness must not
# be restarted for what it sees.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/imds-probe", "healthcheck"]
ENTRYPOINT ["/imds-probe"]
CMD ["run"]
