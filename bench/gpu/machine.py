"""Says in one line what a measurement ran on. usage: machine.py DEVICE"""
import sys
import torch
import transformers

device = torch.device(sys.argv[1])
name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
print(f"{name}, PyTorch {torch.__version__}, transformers {transformers.__version__}")
