"""Serves a small IMDS at its own address, in a network namespace that has nothing
else, runs the command that is given there, and ends with its exit code."""

import http.server
import subprocess
import sys
import threading

DOCUMENTS = {
    "/latest/meta-data/instance-id": "i-0123456789abcdef0",
    "/latest/meta-data/placement/region": "us-east-1",
    "/latest/meta-data/iam/info": '{"Code":"Success","InstanceProfileArn":"arn:aws:iam::123456789012:instance-profile/app"}',
    "/latest/meta-data/iam/security-credentials/": "app",
    "/latest/meta-data/iam/security-credentials/app": '{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"canary-secret","Token":"canary-token","Expiration":"2099-01-01T00:00:00Z"}',
}


class Handler(http.server.BaseHTTPRequestHandler):
    def reply(self, status, text):
        self.send_response(status)
        self.send_header("Server", "EC2ws")
        self.send_header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        self.reply(200, "token")

    def do_GET(self):
        text = DOCUMENTS.get(self.path)
        self.reply(404 if text is None else 200, text or "")

    def log_message(self, *args):
        pass


for command in ("link set lo up", "address add 169.254.169.254/32 dev lo"):
    subprocess.run(["ip", *command.split()], check=True)
server = http.server.ThreadingHTTPServer(("169.254.169.254", 80), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
