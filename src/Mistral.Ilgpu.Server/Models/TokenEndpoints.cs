using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Requests;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Models;

/// <summary><c>POST /tokenize</c> and <c>POST /detokenize</c>.</summary>
internal sealed class TokenEndpoints(ModelCatalog models)
{
    public async Task TokenizeAsync(HttpContext context)
    {
        var (fields, root) = await RequestBody.ReadAsync(context, ModelJson.Api.TokenizeRequest, models.Options);
        using var lease = await models.LeaseAsync(context, fields.Model);
        var model = lease.Model.Language;
        var tokenizer = model.Tokenizer;
        int[] ids = IdsOf(fields, root, tokenizer);
        await context.Response.WriteAsJsonAsync(
            new TokenizeResponse(
                ids.Length, model.Info.Context, ids,
                fields.ReturnTokenStrs == true ? [.. ids.Select(tokenizer.IdToPiece)] : null),
            ModelJson.Api.TokenizeResponse);
    }

    public async Task DetokenizeAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, ModelJson.Api.DetokenizeRequest, models.Options);
        using var lease = await models.LeaseAsync(context, fields.Model);
        var model = lease.Model.Language;
        if (fields.Tokens is not { ValueKind: JsonValueKind.Array } tokens)
        {
            throw ApiException.Wrong("tokens", fields.Tokens?.GetRawText() ?? "nothing", "a list of token ids");
        }

        int[] ids = JsonUnions.Ids(tokens, "tokens", model.Tokenizer.VocabularySize);
        await context.Response.WriteAsJsonAsync(
            new DetokenizeResponse(model.Tokenizer.Decode(ids)), ModelJson.Api.DetokenizeResponse);
    }

    private static int[] IdsOf(TokenizeRequest fields, JsonElement root, TextTokenizer tokenizer)
    {
        if (fields.Messages is not null)
        {
            return ChatFile.Parse(root, source: "").Encode(tokenizer);
        }

        string prompt = fields.Prompt ?? throw ApiException.Wrong("prompt", "nothing", "a string, or messages in its place");
        return
        [
            .. fields.AddSpecialTokens != false && tokenizer.BosId >= 0 ? [tokenizer.BosId] : Array.Empty<int>(),
            .. tokenizer.EncodeToIds(prompt),
        ];
    }
}
