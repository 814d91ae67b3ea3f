using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>A collection.</summary>
internal sealed record CollectionAnswer(
    string Name,
    [property: Description("The model that its vectors were made with.")] string Model,
    [property: Description("Whether that is the model of this server: others' can neither be searched nor filled here.")] bool Usable,
    int Dimensions,
    string? Instruction,
    [property: Description("How it is searched: exact or hnsw.")] string Index,
    [property: Description("Items that can be found.")] long Records);
