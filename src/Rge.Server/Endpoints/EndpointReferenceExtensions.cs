using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.OpenApi;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Endpoints;

/// <summary>Puts what the reference says of an endpoint into the OpenAPI document.</summary>
internal static class EndpointReferenceExtensions
{
    private const string Json = "application/json";

    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, EndpointReference reference)
    {
        endpoint.WithTags(reference.Tag).WithSummary(reference.Summary).WithDescription(reference.Description);
        if (reference.Query is { } names) endpoint.WithMetadata(new QueryNames(names));
        if (reference.Fields.Count == 0) return endpoint;
        foreach (var status in (int[])[400, 401, 404, 413, 415, 429, 500, 503]) endpoint.Produces<ErrorAnswer>(status);
        return endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    [Json] = new()
                    {
                        Schema = new OpenApiSchema
                        {
                            Type = JsonSchemaType.Object,
                            Properties = reference.Fields.ToDictionary(
                                field => field.Name, IOpenApiSchema (field) => Schema(field), StringComparer.Ordinal),
                        },
                        Examples = reference.Examples.ToDictionary(
                            example => example.Key,
                            IOpenApiExample (example) => new OpenApiExample { Summary = example.Key, Value = JsonNode.Parse(example.Value) },
                            StringComparer.Ordinal),
                    },
                },
            };
            return Task.CompletedTask;
        });
    }

    private static OpenApiSchema Schema(FieldReference field)
    {
        var schema = new OpenApiSchema { Description = field.Description };
        if (field.IsFlag) schema.Type = JsonSchemaType.Boolean;
        else if (field.IsNumber) schema.Type = JsonSchemaType.Integer;
        else if (field.Choices is { } choices)
            (schema.Type, schema.Enum) = (JsonSchemaType.String, [.. choices.Select(choice => (JsonNode)choice)]);
        return schema;
    }
}
