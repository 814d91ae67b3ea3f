using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Gradients of y = x · r · w with r = 1 / √(mean(x²) + ε) and w = offset + weight: dx = r (dy · w) − x r³ mean(dy · w · x), and each
/// block's share of dw = Σ dy · x · r. The loop runs over blocks of rows.
/// </summary>
internal readonly unsafe struct RmsNormGradientBody : IRangeBody
{
    public required float* Input { get; init; }
    public required float* Weight { get; init; }
    public required float* Gradient { get; init; }
    public required float* InputGradient { get; init; }

    /// <summary>Zero on entry, <c>[blocks, width]</c>.</summary>
    public required float* WeightGradients { get; init; }

    public required int BlockRows { get; init; }
    public required int Rows { get; init; }
    public required int Width { get; init; }
    public required float Epsilon { get; init; }
    public required float Offset { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int begin, int end)
    {
        var lanes = Vector<float>.Count;
        var offset = new Vector<float>(Offset);
        for (var block = begin; block < end; block++)
        {
            var weightGradient = WeightGradients + (long)block * Width;
            for (var row = (long)block * BlockRows; row < Math.Min((block + 1L) * BlockRows, Rows); row++)
            {
                float* x = Input + row * Width,
                    dy = Gradient + row * Width,
                    dx = InputGradient + row * Width;
                Vector<float> squares = default,
                    products = default;
                for (var i = 0; i < Width; i += lanes)
                {
                    var value = Vector.Load(x + i);
                    squares = Vector.FusedMultiplyAdd(value, value, squares);
                    products = Vector.FusedMultiplyAdd(Vector.Load(dy + i) * (Vector.Load(Weight + i) + offset), value, products);
                }
                var inverse = 1 / MathF.Sqrt(Vector.Sum(squares) / Width + Epsilon);
                Vector<float> scale = new(inverse),
                    share = new(Vector.Sum(products) / Width * inverse * inverse * inverse);
                for (var i = 0; i < Width; i += lanes)
                {
                    Vector<float> value = Vector.Load(x + i),
                        upstream = Vector.Load(dy + i) * scale;
                    (upstream * (Vector.Load(Weight + i) + offset) - value * share).Store(dx + i);
                    Vector.FusedMultiplyAdd(upstream, value, Vector.Load(weightGradient + i)).Store(weightGradient + i);
                }
            }
        }
    }
}
