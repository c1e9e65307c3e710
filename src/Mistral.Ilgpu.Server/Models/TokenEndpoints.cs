using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Models;

/// <summary><c>POST /tokenize</c> and <c>POST /detokenize</c>.</summary>
internal sealed class TokenEndpoints(ServedModel model)
{
    public async Task TokenizeAsync(HttpContext context)
    {
        var (fields, root) = await RequestBody.ReadAsync(context, ModelJson.Api.TokenizeRequest, model.Options);
        _ = model.AdaptersOf(fields.Model);
        var tokenizer = model.Language.Tokenizer;
        int[] ids = IdsOf(fields, root);
        await context.Response.WriteAsJsonAsync(
            new TokenizeResponse(
                ids.Length, model.Language.Info.Context, ids,
                fields.ReturnTokenStrs == true ? [.. ids.Select(tokenizer.IdToPiece)] : null),
            ModelJson.Api.TokenizeResponse);
    }

    public async Task DetokenizeAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, ModelJson.Api.DetokenizeRequest, model.Options);
        _ = model.AdaptersOf(fields.Model);
        if (fields.Tokens is not { ValueKind: JsonValueKind.Array } tokens)
        {
            throw ApiException.Wrong("tokens", fields.Tokens?.GetRawText() ?? "nothing", "a list of token ids");
        }

        int[] ids = JsonUnions.Ids(tokens, "tokens", model.Language.Tokenizer.VocabularySize);
        await context.Response.WriteAsJsonAsync(
            new DetokenizeResponse(model.Language.Tokenizer.Decode(ids)), ModelJson.Api.DetokenizeResponse);
    }

    private int[] IdsOf(TokenizeRequest fields, JsonElement root)
    {
        var tokenizer = model.Language.Tokenizer;
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
