namespace Rge.Models.Kernels;

/// <summary>Instructions that the kernels over quantised weights are written for.</summary>
internal enum InstructionSet
{
    /// <summary>Vectors of 128 bits, as every processor has them.</summary>
    Portable,

    /// <summary>AVX2 and FMA.</summary>
    Avx2,

    /// <summary>AVX-VNNI.</summary>
    AvxVnni,

    /// <summary>AVX-512 BW.</summary>
    Avx512,
}
