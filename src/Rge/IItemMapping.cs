using Microsoft.Extensions.AI;

namespace Rge;

/// <summary>Says which item a value of another type stands for.</summary>
internal interface IItemMapping<in TInput>
{
    /// <summary>The item that a value is embedded as in a call with these options.</summary>
    EmbeddingInput ToItem(TInput value, EmbeddingGenerationOptions? options);
}
