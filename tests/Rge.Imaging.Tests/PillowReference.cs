using System.Text.Json;
using System.Text.Json.Serialization;
using Rge.Tests.Shared;

namespace Rge.Imaging.Tests;

/// <summary>Images decoded and resized by Pillow; make_reference.py beside this file writes them.</summary>
internal sealed record PillowReference(
    [property: JsonPropertyName("pictures")] PillowReference.Image[] Images,
    [property: JsonPropertyName("resize")] PillowReference.Resizing Resize
)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static PillowReference Read()
    {
        var path = Path.Combine(Golden.RepositoryRoot, "tests", "Rge.Models.Tests", "Vision", "reference.json");
        return JsonSerializer.Deserialize<PillowReference>(File.ReadAllBytes(path), Options)!;
    }

    public sealed record Image(string Name, bool Upright, byte[] File, int Width, int Height, byte[] Rgb);

    public sealed record Resizing(int Width, int Height, byte[] Rgb, Pixels[] To);

    public sealed record Pixels(int Width, int Height, byte[] Rgb);
}
