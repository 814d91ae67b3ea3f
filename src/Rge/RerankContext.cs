using Rge.Decoding;
using Rge.Models;
using Rge.Prompts;

namespace Rge;

/// <summary>What all calls of a reranker share.</summary>
/// <param name="Decoder">Runs the prompts.</param>
/// <param name="Processor">The checkpoint's tokenizer and image processor.</param>
/// <param name="Prompts">Makes token ids of pairs.</param>
/// <param name="Options">How the reranker works.</param>
/// <param name="Images">Owns the images of calls.</param>
/// <param name="Direction">The row of "yes" less that of "no" in the output projection.</param>
internal sealed record RerankContext(
    DecodingEngine Decoder,
    QwenVlProcessor Processor,
    PairPrompts Prompts,
    RerankerOptions Options,
    VisionFeatureCache Images,
    float[] Direction
);
