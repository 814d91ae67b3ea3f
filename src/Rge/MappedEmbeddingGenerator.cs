using Microsoft.Extensions.AI;

namespace Rge;

/// <summary>Embeds values of another type by turning each into an <see cref="EmbeddingInput"/>. Does not own the generator that it wraps.</summary>
/// <typeparam name="TInput">The values' type.</typeparam>
internal sealed class MappedEmbeddingGenerator<TInput>(IEmbeddingGenerator<EmbeddingInput, Embedding<float>> inner, Func<TInput, EmbeddingInput> map)
    : IEmbeddingGenerator<TInput, Embedding<float>>
{
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<TInput> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        return inner.GenerateAsync(values.Select(map), options, cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is null && serviceType.IsInstanceOfType(this) ? this : inner.GetService(serviceType, serviceKey);
    }

    public void Dispose() { }
}
