using Rge.Search.Collections;
using Rge.Search.Indexing;

namespace Rge.Server.Collections;

/// <summary>A collection that is open, with what searches and fills it.</summary>
internal sealed record ServedCollection(SearchCollection Collection, Searcher Searcher, Indexer Indexer);
