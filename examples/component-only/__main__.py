"""Two Stackyard components in an ordinary Pulumi program: no stack files, no blueprint, no CLI.

`pulumi config set aws:region eu-central-1`, `pulumi config set account 123456789012`, `pulumi up`.
"""

import pulumi
import pulumi_aws as aws

from stackyard import ComponentOptions, Network, NetworkConfig, RunSettings, Vault, VaultConfig

config = pulumi.Config()
account = config.require("account")
region = pulumi.Config("aws").require("region")
provider = aws.Provider(
    "aws",
    region=region,
    allowed_account_ids=[account],
    default_tags=aws.ProviderDefaultTagsArgs(tags={"owner": "me@example.com"}),
)
# A lab that may go; without these settings `destroy` would refuse to delete the keys.
settings = RunSettings(protect=False, force_delete=True)
opts = ComponentOptions(settings, providers=[provider])

vault = Vault(
    "vault",
    VaultConfig(rotation_days=180, deletion_window_days=7),
    stage="lab",
    account=account,
    region=region,
    admins=[],
    opts=opts,
)
network = Network(
    "network",
    NetworkConfig(cidr="10.99.0.0/20", zones=2),
    prefix="lab",
    account=account,
    region=region,
    logs_key_arn=vault.key_arns["logs"],
    opts=opts,
)

# The components' outputs are ordinary Pulumi outputs, for ordinary Pulumi resources.
group = aws.ec2.SecurityGroup(
    "mine",
    description="Made beside the components",
    vpc_id=network.vpc_id,
    opts=pulumi.ResourceOptions(provider=provider),
)

pulumi.export("vpc", network.vpc_id)
pulumi.export("subnets", network.private_subnets)
pulumi.export("keys", vault.key_arns)
