#!/bin/sh
# Brings up the sandbox, previews and applies this estate, and says what to do next.
# Run by `make demo`; run again it changes nothing.
set -eu

step() { printf '\n== %s\n' "$*" >&2; }

step "1/4 the sandbox: an AWS emulator, a control plane and the engine, on loopback"
stackyard sandbox start

step "2/4 preview: what would be made, and in which order"
stackyard preview

step "3/4 up: the real engine applies the stacks in contract order"
stackyard up '*/*/*' --yes

step "4/4 what exists now"
stackyard list
stackyard sandbox status

cat <<'TEXT'

Look at it
  . .venv/bin/activate; cd examples/quickstart
  eval "$(stackyard sandbox env)"                         AWS and Kubernetes clients now see the sandbox
  python -c 'import boto3; print([b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]])'
  kubectl get nodes,resourcequota -A                      (if kubectl is on this machine)
  stackyard outputs vision/defects/dev                    what the project promises
  stackyard show vision/defects/dev --origin              file and line of every value
Change it
  edit stacks/vision/defects/dev.yaml                     for example `quota: gpus`, or a retention
  stackyard preview vision/defects/dev                    shows just that change and the line it comes from
  stackyard up vision/defects/dev
Destroy it
  stackyard destroy '*/*/*' --yes                         in reverse order; names what it retains
  stackyard sandbox stop                                  leaves no process; `sandbox reset` forgets everything
TEXT
