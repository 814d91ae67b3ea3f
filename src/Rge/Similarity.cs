using System.Numerics.Tensors;

namespace Rge;

/// <summary>The similarity of two embeddings. Stateless and thread-safe.</summary>
public static class Similarity
{
    /// <summary>Cosine of the angle between two embeddings: 1 for the same direction, 0 for unrelated, -1 for opposite ones.</summary>
    /// <exception cref="ArgumentException">The embeddings are empty or have different dimensions.</exception>
    public static float Cosine(ReadOnlySpan<float> first, ReadOnlySpan<float> second) => TensorPrimitives.CosineSimilarity(first, second);

    /// <summary>Scales a vector to length 1; a zero vector stays zero.</summary>
    internal static float[] Normalize(ReadOnlySpan<float> vector)
    {
        // In double: the square of a large activation may not fit a float.
        var squares = 0.0;
        foreach (var value in vector)
            squares += (double)value * value;
        var (scale, result) = (squares > 0 ? 1 / Math.Sqrt(squares) : 0, new float[vector.Length]);
        for (var i = 0; i < result.Length; i++)
            result[i] = (float)(vector[i] * scale);
        return result;
    }
}
