// Ranks texts by a picture, through the library:
//   dotnet run samples/rank.cs -- CHECKPOINT PICTURE TEXT TEXT …
#:project ../src/Rge/Rge.csproj

using Rge;

if (args.Length < 3)
{
    Console.Error.WriteLine("usage: dotnet run samples/rank.cs -- CHECKPOINT PICTURE TEXT…");
    return 2;
}
using var embedder = ReasoningEmbedder.Load(args[0]);

// A query reasons first; the pieces of its rationale come as they are written, the embedding comes last.
var query = EmbeddingInput.Query("What does the picture show?", ImageSource.FromFile(args[1]));
ReasoningEmbedding? embedding = null;
await foreach (var update in embedder.StreamAsync(query))
{
    Console.Write(update.Text);
    embedding = update.Embedding;
}
Console.WriteLine();

// Targets do not reason; all of them go through the model together.
string[] texts = args[2..];
var targets = await embedder.EmbedAsync([.. texts.Select(text => EmbeddingInput.Target(text))]);
foreach (var (index, score) in Ranking.Rank(embedding!.Vector, targets.Select(target => target.Vector)))
    Console.WriteLine($"{score:f4}  {texts[index]}");
return 0;
