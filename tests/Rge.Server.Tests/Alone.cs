namespace Rge.Server.Tests;

/// <summary>Tests that nothing else runs beside: what they load or count is the whole process's.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
