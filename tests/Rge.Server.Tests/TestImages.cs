using Rge.Imaging;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Tests.Shared.Images;

namespace Rge.Server.Tests;

/// <summary>Images to send.</summary>
internal static class TestImages
{
    /// <summary>Queries with an image and what the model was trained to be asked about it.</summary>
    public static IReadOnlyList<(byte[] Png, string Text)> Queries(int count)
    {
        var samples = new ShapeWorldSamples(
            seed: 5,
            WorldSplit.Test,
            new Dictionary<string, double>(StringComparer.Ordinal) { ["vqa_path"] = 1 }
        );
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => samples.Group(i)[0].Query)
                .Select(query => (PngEncoder.Encode(query.Images[0].Decode()), query.Text!)),
        ];
    }

    /// <summary>A grey image.</summary>
    public static byte[] Grey(int width, int height) =>
        PngWriter.Write(new PngImage(width, height, 8, PngImage.Grey, new int[width * height]));

    /// <summary>A small file whose header claims an enormous image.</summary>
    public static byte[] Bomb() => PngWriter.Write(new PngImage(1, 1, 8, PngImage.Rgb, [0, 0, 0]) { Claimed = (60_000, 60_000) });

    public static string DataUri(byte[] png) => $"data:image/png;base64,{Convert.ToBase64String(png)}";
}
