using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Gradients of y = g σ(g) u: dg = dy u σ (1 + g (1 − σ)) and du = dy g σ, with σ the logistic function of g. The loop runs over vectors.
/// </summary>
internal readonly unsafe struct SiluProductGradientBody : IRangeBody
{
    public required float* Gate { get; init; }
    public required float* Up { get; init; }
    public required float* Gradient { get; init; }
    public required float* GateGradient { get; init; }
    public required float* UpGradient { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int begin, int end)
    {
        long lanes = Vector<float>.Count;
        for (var i = begin * lanes; i < end * lanes; i += lanes)
        {
            Vector<float> gate = Vector.Load(Gate + i),
                upstream = Vector.Load(Gradient + i);
            var logistic = Vector<float>.One / (Vector<float>.One + Exponential.Of(-gate));
            var silu = gate * logistic;
            (upstream * Vector.Load(Up + i) * (logistic + silu - silu * logistic)).Store(GateGradient + i);
            (upstream * silu).Store(UpGradient + i);
        }
    }
}
