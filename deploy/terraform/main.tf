# A state machine, a version of it and an alias, and an activity, kept by Terraform on a Stepwell server:
#
#   stepwell dev --listen 127.0.0.1:8083
#   terraform init && terraform apply
#
# `terraform init` downloads the AWS provider from Terraform's registry, some hundred megabytes; without a way there, name a
# mirror (`provider_installation` in Terraform's CLI configuration) or a directory that has it (`-plugin-dir`).

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {
  description = "Where the server is."
  default     = "http://127.0.0.1:8083"
}

variable "comment" {
  description = "What the state machine says about itself; another text is another version."
  default     = "Greets whoever is named"
}

# With authentication: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of `stepwell keys create`, instead of these two.
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "local"
  secret_key                  = "local"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    sfn = var.endpoint
  }
}

resource "aws_sfn_state_machine" "greet" {
  name     = "Greet"
  role_arn = "arn:aws:iam::000000000000:role/stepwell"
  publish  = true

  definition = jsonencode({
    Comment = var.comment
    StartAt = "Greet"
    States = {
      Greet = {
        Type     = "Task"
        Resource = "arn:aws:lambda:us-east-1:000000000000:function:greet"
        End      = true
      }
    }
  })

  tags = {
    team = "shop"
  }
}

resource "aws_sfn_alias" "live" {
  name = "live"

  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.greet.state_machine_version_arn
    weight                    = 100
  }
}

resource "aws_sfn_activity" "approve" {
  name = "approve"
}

output "alias" {
  value = aws_sfn_alias.live.arn
}
