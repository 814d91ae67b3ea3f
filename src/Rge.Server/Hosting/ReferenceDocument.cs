using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Rge.Server.Hosting;

/// <summary>What the OpenAPI document says as a whole.</summary>
internal sealed class ReferenceDocument : IOpenApiDocumentTransformer
{
    private const string Scheme = "key";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Rge: reasoning-guided embeddings",
            Version = "1",
            Description = """
                A vision-language model looks at an image and an instruction, writes a short rationale, and only then gives the embedding. The
                endpoints take the shapes of OpenAI, vLLM, Jina, Cohere and Voyage, with a few members of our own.

                Errors are OpenAI's error object: `{"error": {"message", "type", "param", "code"}}`. 429 says in `Retry-After` when to ask
                again, 503 where waiting may help.
                """,
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
        document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API key, where the server has any.",
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
        return Task.CompletedTask;
    }
}
