using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>The reranker that the server has beside its model.</summary>
/// <param name="Reranker">The reranker; holders of this record do not dispose it.</param>
/// <param name="Description">What requests may ask of it.</param>
internal sealed record ServedReranker(Reranker Reranker, ModelDescription Description);
