using Microsoft.Extensions.AI;

namespace Rge;

/// <summary>
/// Embeds values of another type by turning each into an <see cref="EmbeddingInput"/>. Does not own the generator that it wraps.
/// </summary>
/// <typeparam name="TInput">The values' type.</typeparam>
/// <param name="inner">Embeds the items.</param>
/// <param name="role">The items' role, unless a call overrides it.</param>
/// <param name="instruction">The items' instruction, unless a call overrides it.</param>
/// <param name="map">Makes an item of a value, without role and instruction.</param>
internal sealed class MappedEmbeddingGenerator<TInput>(
    IEmbeddingGenerator<EmbeddingInput, Embedding<float>> inner,
    ItemRole role,
    string? instruction,
    Func<TInput, EmbeddingInput> map
) : IEmbeddingGenerator<TInput, Embedding<float>>, IItemMapping<TInput>
{
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<TInput> values,
        EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(values);
        return inner.GenerateAsync(values.Select(value => ToItem(value, options)), CallProperties.WithoutItem(options), cancellationToken);
    }

    public EmbeddingInput ToItem(TInput value, EmbeddingGenerationOptions? options)
    {
        var call = CallProperties.Read(options);
        return map(value) with { Role = call.Role ?? role, Instruction = call.Instruction ?? instruction };
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is null && serviceType.IsInstanceOfType(this) ? this : inner.GetService(serviceType, serviceKey);
    }

    public void Dispose() { }
}
