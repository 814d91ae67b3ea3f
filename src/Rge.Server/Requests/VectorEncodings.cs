using System.Collections.Frozen;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Rge.Server.Requests;

/// <summary>Writes embeddings in the forms that the shapes have.</summary>
internal static class VectorEncodings
{
    /// <summary>What Cohere has.</summary>
    public static FrozenDictionary<string, VectorEncoding> All { get; } = Enum.GetValues<VectorEncoding>().ToFrozenDictionary(Name, StringComparer.Ordinal);

    /// <summary>What OpenAI, Jina and Voyage have.</summary>
    public static FrozenDictionary<string, VectorEncoding> FloatOrBase64 { get; } =
        All.Where(pair => pair.Value is VectorEncoding.Float or VectorEncoding.Base64).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The name in requests and answers.</summary>
    public static string Name(this VectorEncoding encoding) => encoding.ToString().ToLowerInvariant();

    /// <summary>A vector in a form, as it is written to JSON: a list of numbers or a string.</summary>
    public static object Encode(this VectorEncoding encoding, ReadOnlyMemory<float> vector) => encoding switch
    {
        VectorEncoding.Base64 => Convert.ToBase64String(MemoryMarshal.AsBytes(vector.Span)),
        VectorEncoding.Int8 => Scaled(vector.Span),
        VectorEncoding.Uint8 => Array.ConvertAll(Scaled(vector.Span), value => value + 128),
        VectorEncoding.Binary => Array.ConvertAll(Signs(vector.Span), value => value - 128),
        VectorEncoding.Ubinary => Signs(vector.Span),
        _ => vector,
    };

    /// <summary>Scaled so that the largest component becomes 127: a cosine does not notice, and small components keep their digits.</summary>
    private static int[] Scaled(ReadOnlySpan<float> vector)
    {
        var scale = sbyte.MaxValue / Math.Max(Math.Abs((double)TensorPrimitives.MaxMagnitude(vector)), float.Epsilon);
        var result = new int[vector.Length];
        for (var i = 0; i < result.Length; i++) result[i] = (int)Math.Round(vector[i] * scale);
        return result;
    }

    private static int[] Signs(ReadOnlySpan<float> vector)
    {
        const int Bits = 8, Highest = 0x80;
        var result = new int[(vector.Length + Bits - 1) / Bits];
        for (var i = 0; i < vector.Length; i++)
            if (vector[i] > 0) result[i / Bits] |= Highest >> i % Bits;
        return result;
    }
}
