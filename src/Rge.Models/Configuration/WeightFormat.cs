namespace Rge.Models.Configuration;

/// <summary>How the linear layers of decoder and vision blocks hold their weights.</summary>
public enum WeightFormat
{
    /// <summary>As numbers of the model's type.</summary>
    Dense,

    /// <summary>As 8 bits, with a float32 scale for each output.</summary>
    Int8,

    /// <summary>As 4 bits, with a bfloat16 scale for each 32 neighbouring inputs of an output: 4.5 bits a weight.</summary>
    Int4,
}
