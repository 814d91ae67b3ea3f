// The embedder behind the .NET abstraction, as a service would take it from its container:
//   dotnet run samples/service.cs -- CHECKPOINT
#:project ../src/Rge/Rge.csproj
#:package Microsoft.Extensions.DependencyInjection

using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Rge;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: dotnet run samples/service.cs -- CHECKPOINT");
    return 2;
}
var registered = new ServiceCollection();
registered.AddReasoningEmbedder(args[0]);
await using var services = registered.BuildServiceProvider();

// Loaded when first asked for, shared by all, safe to call from many requests at once.
var generator = services.GetRequiredService<IEmbeddingGenerator<EmbeddingInput, Embedding<float>>>();
var results = await generator.GenerateAsync(
[
    EmbeddingInput.Query("a red cube on a blue sphere"),
    EmbeddingInput.Target("a blue sphere under a red cube"),
]);
Console.WriteLine($"{results.Usage!.InputTokenCount} prompt tokens, {results.Usage.OutputTokenCount} written");
Console.WriteLine($"rationale: {ReasoningEmbedding.From(results[0])!.Rationale}");
Console.WriteLine($"cosine: {Similarity.Cosine(results[0].Vector.Span, results[1].Vector.Span):f4}");
return 0;
