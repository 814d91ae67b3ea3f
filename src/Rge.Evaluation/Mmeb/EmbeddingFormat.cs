namespace Rge.Evaluation.Mmeb;

/// <summary>How embeddings are written for other programs.</summary>
public enum EmbeddingFormat
{
    /// <summary>Embeddings are not written.</summary>
    None,

    /// <summary>NumPy's .npy files.</summary>
    Npy,

    /// <summary>One safetensors file.</summary>
    Safetensors,
}
