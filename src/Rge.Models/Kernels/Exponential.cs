using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Rge.Models.Kernels;

/// <summary>
/// exp(x) of a vector, within two units in the last place; several times faster than the framework's, which goes through double.
/// </summary>
internal static class Exponential
{
    // Adding it rounds to a whole number, which is then in the lowest bits: 1.5 · 2²³.
    private const float Rounder = 12582912;

    // ln 2 in two parts; the first has so few digits that whole multiples of it are exact.
    private const float Ln2High = 0.693359375f,
        Ln2Low = -2.12194440e-4f;

    /// <summary>exp(x) = 2ⁿ exp(r), with n = round(x / ln 2) and |r| ≤ ln 2 / 2, where seven terms of the series suffice.</summary>
    /// <remarks>From e⁻⁸⁷ to e⁸⁸; beyond, those bounds. NaN stays NaN.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Of(Vector<float> x)
    {
        var bounded = Vector.MinNative(Vector.MaxNative(x, new Vector<float>(-87)), new Vector<float>(88));
        var shifted = Vector.FusedMultiplyAdd(bounded, new Vector<float>(1.44269504f), new Vector<float>(Rounder));
        var n = shifted - new Vector<float>(Rounder);
        var r = Vector.FusedMultiplyAdd(n, new Vector<float>(-Ln2Low), Vector.FusedMultiplyAdd(n, new Vector<float>(-Ln2High), bounded));
        var series = new Vector<float>(1f / 5040);
        series = Vector.FusedMultiplyAdd(series, r, new Vector<float>(1f / 720));
        series = Vector.FusedMultiplyAdd(series, r, new Vector<float>(1f / 120));
        series = Vector.FusedMultiplyAdd(series, r, new Vector<float>(1f / 24));
        series = Vector.FusedMultiplyAdd(series, r, new Vector<float>(1f / 6));
        series = Vector.FusedMultiplyAdd(series, r, new Vector<float>(1f / 2));
        series = Vector.FusedMultiplyAdd(series, r, Vector<float>.One);
        series = Vector.FusedMultiplyAdd(series, r, Vector<float>.One);
        var power = Vector.AsVectorSingle((Vector.AsVectorInt32(shifted) + new Vector<int>(127)) << 23);
        return Vector.ConditionalSelect(Vector.Equals(x, x), series * power, x);
    }

    /// <inheritdoc cref="Of(Vector{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> x)
    {
        var bounded = Vector512.MinNative(Vector512.MaxNative(x, Vector512.Create(-87f)), Vector512.Create(88f));
        var shifted = Vector512.FusedMultiplyAdd(bounded, Vector512.Create(1.44269504f), Vector512.Create(Rounder));
        var n = shifted - Vector512.Create(Rounder);
        var r = Vector512.FusedMultiplyAdd(
            n,
            Vector512.Create(-Ln2Low),
            Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), bounded)
        );
        var series = Vector512.Create(1f / 5040);
        series = Vector512.FusedMultiplyAdd(series, r, Vector512.Create(1f / 720));
        series = Vector512.FusedMultiplyAdd(series, r, Vector512.Create(1f / 120));
        series = Vector512.FusedMultiplyAdd(series, r, Vector512.Create(1f / 24));
        series = Vector512.FusedMultiplyAdd(series, r, Vector512.Create(1f / 6));
        series = Vector512.FusedMultiplyAdd(series, r, Vector512.Create(1f / 2));
        series = Vector512.FusedMultiplyAdd(series, r, Vector512<float>.One);
        series = Vector512.FusedMultiplyAdd(series, r, Vector512<float>.One);
        var power = (shifted.AsInt32() + Vector512.Create(127) << 23).AsSingle();
        return Vector512.ConditionalSelect(Vector512.Equals(x, x), series * power, x);
    }
}
