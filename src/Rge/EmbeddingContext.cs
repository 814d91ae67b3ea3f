using Rge.Decoding;
using Rge.Models;
using Rge.Prompts;

namespace Rge;

/// <summary>What all calls of an embedder share.</summary>
/// <param name="Decoder">Runs the prompts.</param>
/// <param name="Processor">The checkpoint's tokenizer and image processor.</param>
/// <param name="Prompts">Makes token ids of items.</param>
/// <param name="Options">How the embedder works unless a call overrides it.</param>
/// <param name="Images">Owns the images of calls.</param>
internal sealed record EmbeddingContext(
    DecodingEngine Decoder,
    QwenVlProcessor Processor,
    PromptBuilder Prompts,
    ReasoningEmbedderOptions Options,
    VisionFeatureCache Images
);
