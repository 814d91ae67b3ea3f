namespace Rge.Models.Kernels;

/// <summary>Rows of a quantised weight, padded with zeros to <see cref="PackedRows.Width"/> elements.</summary>
internal unsafe interface IPackedRows
{
    /// <summary>Bytes of a row.</summary>
    int RowBytes { get; }

    /// <summary>
    /// sums[r · count + o] = Σ weight[begin + o, i] · input[r, i] for <paramref name="count"/> weight rows and a few input rows.
    /// </summary>
    void Multiply<TRegisters, TRows>(int begin, int count, QuantizedInput input, float* sums)
        where TRegisters : unmanaged, IDotRegisters<TRegisters>
        where TRows : IRowCount;
}
