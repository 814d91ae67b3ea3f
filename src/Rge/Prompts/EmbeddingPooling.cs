namespace Rge;

/// <summary>How a checkpoint was trained to give embeddings: what its prompt looks like, and which hidden state is taken.</summary>
public enum EmbeddingPooling
{
    /// <summary>The checkpoint's chat layout, and the hidden state at <c>&lt;emb&gt;</c>, after a rationale where there is one.</summary>
    Emb,

    /// <summary>
    /// As VLM2Vec and its relatives: image tokens and text alone, without turns of a chat, and the hidden state of the last token. Nothing
    /// is reasoned, and the tokenizer needs no <c>&lt;emb&gt;</c>.
    /// </summary>
    LastToken,
}
