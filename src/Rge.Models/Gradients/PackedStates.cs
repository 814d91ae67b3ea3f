using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Gradients;

/// <summary>Hidden states of tokens of several sequences; common prefixes are stored once. Owns its tensor.</summary>
public sealed class PackedStates : IDisposable
{
    private readonly int[][] _rows;

    internal PackedStates(Tensor hidden, int[][] rows) => (Hidden, _rows) = (hidden, rows);

    /// <summary>
    /// Hidden states after the final norm, <c>[N, hidden]</c>, in the model's number type; with a gradient where one was asked for.
    /// Borrowed.
    /// </summary>
    public Tensor Hidden { get; }

    /// <summary>The row of <see cref="Hidden"/> that holds a token of a sequence. Tokens of several sequences may have the same.</summary>
    /// <param name="input">Number of the sequence, from 0, in the order in which they were given.</param>
    /// <param name="token">Number of the token in it, from 0; an index from the end counts as in C#.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sequence or token.</exception>
    /// <exception cref="ArgumentException">The token was not among those wanted.</exception>
    public int Row(int input, Index token)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)input, (uint)_rows.Length, nameof(input));
        var offset = token.GetOffset(_rows[input].Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)offset, (uint)_rows[input].Length, nameof(token));
        return _rows[input][offset] is >= 0 and var row
            ? row
            : throw new ArgumentException($"Token {offset} of sequence {input} was not wanted.", nameof(token));
    }

    /// <summary>
    /// Chosen rows of <see cref="Hidden"/>, with the gradient where there is one; its backward pass is faster than that of
    /// <c>index_select</c>.
    /// </summary>
    /// <param name="rows">Row numbers; a row may be there several times.</param>
    /// <returns><c>[R, hidden]</c>; the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Tensor Select(IReadOnlyList<int> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var count = Hidden.size(0);
        foreach (var row in rows)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (ulong)count, nameof(rows));
        using var index = HostTransfers.Upload([.. rows.Select(row => (long)row)], Hidden.device);
        return GradientKernels.GatherRows(Hidden, index);
    }

    /// <inheritdoc/>
    public void Dispose() => Hidden.Dispose();
}
