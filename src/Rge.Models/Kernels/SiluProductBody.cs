using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Rge.Models.Kernels;

/// <summary>y = silu(g) · u, element by element; the loop runs over vectors' worths of them.</summary>
internal readonly unsafe struct SiluProductBody<T> : IRangeBody
    where T : unmanaged, IElement<T>
{
    public required T* Gate { get; init; }
    public required T* Up { get; init; }
    public required T* Output { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int begin, int end)
    {
        long step = 2 * Vector<float>.Count;
        for (var i = begin * step; i < end * step; i += step)
        {
            T.LoadShuffled(Gate + i, out var gate0, out var gate1);
            T.LoadShuffled(Up + i, out var up0, out var up1);
            if (PanelKernel.IsSupported && Vector<float>.Count == 8)
            {
                // Both vectors as one: the exponential takes half as many instructions.
                var both = Silu(Vector512.Create(gate0.AsVector256(), gate1.AsVector256()));
                T.StoreShuffled(Output + i, both.GetLower().AsVector() * up0, both.GetUpper().AsVector() * up1);
            }
            else
            {
                T.StoreShuffled(Output + i, Silu(gate0) * up0, Silu(gate1) * up1);
            }
        }
    }

    /// <summary>x / (1 + exp(−x)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Silu(Vector<float> x) => x / (Vector<float>.One + Exponential.Of(-x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Silu(Vector512<float> x) => x / (Vector512<float>.One + Exponential.Of(-x));
}
