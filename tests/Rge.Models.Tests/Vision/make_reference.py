"""Writes reference.json: small pictures as Pillow encodes, decodes and resizes them (Pillow 13.0, seeded; needs numpy)."""
import base64, io, json, os
import numpy as np
from PIL import Image, ImageOps

rng = np.random.default_rng(20)


def text(data):
    return base64.b64encode(data).decode()


def waves(width, height, channels=3):
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 90 * np.sin(x / (3 + c) + y / (5 - c / 2)) + rng.normal(0, 10, (height, width)) for c in range(channels)]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def encode(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def picture(name, data, upright=False):
    image = Image.open(io.BytesIO(data))
    if upright:
        image = ImageOps.exif_transpose(image)
    image = image.convert("RGB")
    return dict(name=name, upright=upright, file=text(data), width=image.width, height=image.height, rgb=text(image.tobytes()))


rgb = Image.fromarray(waves(21, 17))
pixels = waves(21, 17, 4)
pixels[:, :, 3] = rng.integers(0, 256, (17, 21))
pixels[:5, :, 3] = 0
rgba = Image.fromarray(pixels, "RGBA")
cmyk = Image.fromarray(waves(19, 11, 4), "CMYK")
ycck = bytearray(encode(cmyk, format="JPEG", quality=90))
ycck[ycck.index(b"Adobe") + 11] = 2
orientation = Image.Exif()
orientation[0x0112] = 6
palette = rgb.quantize(16)

pictures = [picture(*p) for p in [
    ("444.jpg", encode(rgb, format="JPEG", quality=90, subsampling=0)),
    ("420.jpg", encode(rgb, format="JPEG", quality=80, subsampling=2)),
    ("422_progressive.jpg", encode(rgb, format="JPEG", quality=80, subsampling=1, progressive=True)),
    ("grey.jpg", encode(rgb.convert("L"), format="JPEG", quality=80)),
    ("cmyk.jpg", encode(cmyk, format="JPEG", quality=90)),
    ("ycck.jpg", bytes(ycck)),
    ("exif_ignored.jpg", encode(rgb, format="JPEG", exif=orientation)),
    ("exif_applied.jpg", encode(rgb, format="JPEG", exif=orientation), True),
    ("lossy.webp", encode(rgb, format="WEBP", quality=70)),
    ("lossy_alpha.webp", encode(rgba, format="WEBP", quality=70, exact=True)),
    ("lossless_alpha.webp", encode(rgba, format="WEBP", lossless=True, exact=True)),
    ("animated.webp", encode(rgb, format="WEBP", lossless=True, save_all=True, append_images=[rgb.rotate(180)])),
    ("animated.gif", encode(palette, format="GIF", save_all=True, append_images=[rgb.rotate(180).quantize(16)])),
    ("transparent.gif", encode(palette, format="GIF", transparency=3)),
    ("transparent_palette.png", encode(palette, format="PNG", transparency=bytes([0, 90, 255, 7] * 4))),
    ("rgba.png", encode(rgba, format="PNG")),
    ("grey_alpha.png", encode(rgba.convert("LA"), format="PNG")),
    ("grey16.png", encode(Image.fromarray(rng.integers(0, 600, (9, 12)).astype(np.uint16)), format="PNG")),
    ("1.bmp", encode(rgb.convert("1"), format="BMP")),
    ("rgb.bmp", encode(rgb, format="BMP")),
]]

source = Image.fromarray(rng.integers(0, 256, (23, 31, 3), dtype=np.uint8))
sizes = [(7, 5), (31, 11), (9, 23), (64, 48), (40, 6), (30, 9), (1, 1), (80, 3), (5, 60)]
resized = [dict(width=w, height=h, rgb=text(source.resize((w, h), Image.Resampling.BICUBIC).tobytes())) for w, h in sizes]
reference = dict(pictures=pictures, resize=dict(width=31, height=23, rgb=text(source.tobytes()), to=resized))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference.json"), "w", newline="\n") as file:
    json.dump(reference, file, indent=1)
    file.write("\n")
