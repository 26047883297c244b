#!/bin/sh
# Brings up the sandbox, previews and applies this estate, and says what to do next.
# Run by `make demo`; run again it changes nothing.
set -eu

step() { printf '\n== %s\n' "$*" >&2; }

step "1/4 the sandbox: an AWS emulator, a control plane and the engine, on loopback"
stackyard sandbox start

step "2/4 up: the real engine previews each stack, then applies it, in dependency order"
stackyard up '*/*/*' --yes-to-all

step "3/4 a GPU job: Karpenter starts a node for it, and takes the idle node away"
eval "$(stackyard sandbox env)"
stackyard train render vision/defects/dev fit | python gpu_job.py platform-foundation-dev

step "4/4 what exists now, and how each concern of the project is"
stackyard list
stackyard sandbox status
stackyard status vision/defects/dev

cat <<'TEXT'

Look at it
  . .venv/bin/activate; cd examples/quickstart
  eval "$(stackyard sandbox env)"                         AWS and Kubernetes clients now see the sandbox
  python -c 'import boto3; print([b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]])'
  kubectl get nodes,resourcequota -A                      (if kubectl is on this machine)
  stackyard outputs vision/defects/dev                    what the project promises
  stackyard show vision/defects/dev --origin              file and line of every value
  stackyard status vision/defects/dev                     each concern, asked again at the cloud and the clusters
Train in the cellar, a cluster of one's own; the same manifest as for the cloud
  stackyard train render vision/defects/dev fit --cluster onprem:cellar > fit.yaml
  kubectl --context cellar create -f fit.yaml             (or --context platform-foundation-dev: the cloud)
Change it
  edit stacks/vision/defects/dev.yaml                     for example `quota: gpus`, or a retention
  stackyard preview vision/defects/dev                    shows just that change and the line it comes from
  stackyard up vision/defects/dev
Destroy it
  stackyard destroy '*/*/*' --yes                         in reverse order; names what it retains
  stackyard sandbox stop                                  leaves no process; `sandbox reset` forgets everything
TEXT
