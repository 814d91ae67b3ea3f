using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tensors;

/// <summary>
/// Arithmetic of tensors and numbers. TorchSharp hands a number to native code as an object of its own, which nothing holds while the call
/// runs: a garbage collection meanwhile frees it, and the call reads freed memory. It happens once in some ten thousand calls beside a
/// busy collector, also in the sum of two tensors, whose factor of 1 is such a number. Here every number outlives its call; the operators
/// that do without are banned in the build (build/BannedSymbols.txt).
/// </summary>
/// <remarks>As with the operators, methods that return a new tensor attach it to the current dispose scope.</remarks>
public static class TensorArithmetic
{
#pragma warning disable RS0030 // what is banned elsewhere is done here with care
#pragma warning disable CA1707 // a trailing underscore is PyTorch's mark of what is done in place
    private static readonly Scalar One = 1;

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>x + number.</summary>
    public static Tensor Plus(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.add(scalar, One);
    }

    /// <summary>x · number.</summary>
    public static Tensor Times(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.mul(scalar);
    }

    /// <summary>x / number.</summary>
    public static Tensor Over(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.div(scalar);
    }

    /// <summary>Adds y to x in place; x.</summary>
    public static Tensor Add_(this Tensor x, Tensor y) => x.add_(y, One);

    /// <summary>Adds a number to x in place; x.</summary>
    public static Tensor Add_(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.add_(scalar, One);
    }

    /// <summary>Adds y · z to x in place, y and z broadcast to its shape; x.</summary>
    public static Tensor AddProduct_(this Tensor x, Tensor y, Tensor z) => x.addcmul_(y, z, One);

    /// <summary>Multiplies x in place; x.</summary>
    public static Tensor Mul_(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.mul_(scalar);
    }

    /// <summary>x with the given rows added to those that the indices name, along the first dimension.</summary>
    public static Tensor AddRows(this Tensor x, Tensor indices, Tensor rows) => x.index_add(0, indices, rows, One);

    /// <summary>x with a number where the mask is true.</summary>
    public static Tensor Fill(this Tensor x, Tensor mask, double number)
    {
        using Scalar scalar = number;
        return x.masked_fill(mask, scalar);
    }

    /// <summary>Where x is below a number.</summary>
    public static Tensor Below(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.lt(scalar);
    }

    /// <summary>
    /// The number of a tensor that holds one, of whatever type and wherever it lies; without its gradient. TorchSharp's own conversions go
    /// through a native number that nothing holds.
    /// </summary>
    public static double Number(this Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.detach().to(ScalarType.Float64, CPU).item<double>();
    }

    /// <summary>Integers from 0 to count − 1, int64.</summary>
    public static Tensor Range(long count, Device device) => Range(0, count, device);

    /// <summary>Integers from first to end − 1, int64.</summary>
    public static Tensor Range(long first, long end, Device device)
    {
        using Scalar start = first,
            stop = end,
            step = 1L;
        return arange(start, stop, step, ScalarType.Int64, device);
    }
#pragma warning restore RS0030
}
