using System.Text.Json.Nodes;
using Rge.Imaging;

namespace Rge.Tests.Shared.Oracle;

/// <summary>Training rows for <see cref="FakeOracle"/>: row N of a dataset is about "query number N".</summary>
internal static class OracleData
{
    /// <summary>
    /// Writes a dataset: queries with an image, targets that are texts, but images in every third row; negatives in every second.
    /// </summary>
    public static void Write(string folder, string dataset, int rows)
    {
        Directory.CreateDirectory(Path.Combine(folder, dataset));
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        for (var i = 0; i < 3; i++)
            File.WriteAllBytes(Path.Combine(folder, "images", $"{i}.png"), PngEncoder.Encode(Image(40 + i, 30)));
        File.WriteAllLines(
            Path.Combine(folder, dataset, "train.jsonl"),
            Enumerable
                .Range(1, rows)
                .Select(i =>
                    new JsonObject
                    {
                        ["qry"] = $"<|image_1|>\nFind what goes with query number {i}\n",
                        ["qry_image_path"] = $"images/{i % 3}.png",
                        ["pos_text"] = i % 3 == 0 ? "<|image_1|> seen from above\n" : $"item {i}",
                        ["pos_image_path"] = i % 3 == 0 ? $"images/{(i + 1) % 3}.png" : "",
                        ["neg_text"] = i % 2 == 0 ? new JsonArray($"item {i + 1}", $"item {i + 2}") : "",
                        ["neg_image_path"] = i % 2 == 0 ? new JsonArray("", "") : "",
                    }.ToJsonString()
                )
        );
    }

    /// <summary>Adds a column with a text to each row of a dataset.</summary>
    public static void AddColumn(string folder, string dataset, string column)
    {
        var path = Path.Combine(folder, dataset, "train.jsonl");
        File.WriteAllLines(path, File.ReadAllLines(path).Select(line => $$"""{"{{column}}": "n", {{line[1..]}}"""));
    }

    /// <summary>A JPEG whose EXIF orientation says that its right side is up.</summary>
    public static byte[] Turned(byte[] jpeg)
    {
        byte[] exif = [.. "Exif\0\0MM\0*\0\0\0\b\0\u0001\u0001\u0012\0\u0003\0\0\0\u0001\0\u0006"u8, 0, 0, 0, 0, 0, 0];
        return [0xFF, 0xD8, 0xFF, 0xE1, (byte)((exif.Length + 2) >> 8), (byte)(exif.Length + 2), .. exif, .. jpeg.AsSpan(2)];
    }

    public static RgbImage Image(int width, int height) =>
        new(width, height, [.. Enumerable.Range(0, width * height * 3).Select(i => (byte)(i * 7))]);
}
