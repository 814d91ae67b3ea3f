using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Rge.Server.Tests;

/// <summary>Embeddings as answers have them.</summary>
internal static class Vectors
{
    public static float[] Floats(JsonNode? embedding) => [.. embedding!.AsArray().Select(value => value!.GetValue<float>())];

    public static float[] Base64(JsonNode? embedding) =>
        MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(embedding!.GetValue<string>())).ToArray();

    /// <summary>Cosine distance.</summary>
    public static double Distance(ReadOnlyMemory<float> first, ReadOnlyMemory<float> second)
    {
        Assert.Equal(first.Length, second.Length);
        double dot = 0,
            one = 0,
            other = 0;
        for (var i = 0; i < first.Length; i++)
        {
            dot += (double)first.Span[i] * second.Span[i];
            one += (double)first.Span[i] * first.Span[i];
            other += (double)second.Span[i] * second.Span[i];
        }
        return 1 - dot / Math.Sqrt(one * other);
    }

    public static void Same(ReadOnlyMemory<float> first, ReadOnlyMemory<float> second) =>
        Assert.InRange(Distance(first, second), double.NegativeInfinity, 1e-6);

    public static void Different(ReadOnlyMemory<float> first, ReadOnlyMemory<float> second) =>
        Assert.InRange(Distance(first, second), 1e-4, 2);

    public static void HasLengthOne(ReadOnlySpan<float> vector) => Assert.Equal(1, TensorPrimitives.Norm(vector), 5);
}
