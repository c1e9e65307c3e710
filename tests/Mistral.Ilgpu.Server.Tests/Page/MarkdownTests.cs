using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>What the page makes of a model's text: the structure that Markdown says, and never markup, a script, or an address
/// that is not of the web.</summary>
[Collection(nameof(ChatBrowserCollection))]
public sealed class MarkdownTests(ChatBrowser page)
{
    // Writes elements as a model would write them, without attributes but those of links.
    private const string Outline = """
        const outline = node => node.nodeType === 3 ? node.data
          : `<${node.localName}${node.localName === 'a' ? ` ${node.getAttribute('href')} ${node.rel}` : ''}>${[...node.childNodes].map(outline).join('')}</>`;
        const root = document.createElement('div');
        """;

    [Theory]
    [InlineData("one\ntwo", "<p>one<br></>two</>")]
    [InlineData("# A #\n### B", "<h3>A</><h5>B</>")]
    [InlineData("**a *b* c** ~~d~~ __e__ ***f***", "<p><strong>a <em>b</> c</> <del>d</> <strong>e</> <strong><em>f</></></>")]
    [InlineData("2 * 3 * 4, a_b_c, 5**, ~x~", "<p>2 * 3 * 4, a_b_c, 5**, ~x~</>")]
    [InlineData("`a*b*` ``c`d`` \\*e\\*", "<p><code>a*b*</> <code>c`d</> *e*</>")]
    [InlineData("[t](https://a.b/c) <http://d.e> http://f.g/h.", "<p><a https://a.b/c noopener noreferrer>t</> <a http://d.e/ noopener noreferrer>http://d.e</> <a http://f.g/h noopener noreferrer>http://f.g/h</>.</>")]
    [InlineData("![p](https://a.b/c.png)", "<p><a https://a.b/c.png noopener noreferrer>p</></>")]
    [InlineData("- a\n  - b\n- c", "<ul><li>a<ul><li>b</></></><li>c</></>")]
    [InlineData("3. a\n4. b\n\ntext", "<ol><li>a</><li>b</></><p>text</>")]
    [InlineData("> a\n> b\n\nc", "<blockquote><p>a<br></>b</></><p>c</>")]
    [InlineData("a\n\n---\n\nb", "<p>a</><hr></><p>b</>")]
    [InlineData("|a|b|\n|-|:-:|\n|1|`2`|", "<div><table><thead><tr><th>a</><th>b</></></><tbody><tr><td>1</><td><code>2</></></></></></>")]
    [InlineData("a | b\nc", "<p>a | b<br></>c</>")]
    public void Markdown_OfAModel_HasItsStructure(string text, string expected)
    {
        page.OpenAnywhere();
        Assert.Equal(expected, page.Import<string>("render.js", Outline + """
            module.renderMarkdown(root, arguments[0]);
            return [...root.childNodes].map(outline).join('');
            """, text));
    }

    [Fact]
    public void Code_InFences_IsTextWithItsLanguage()
    {
        page.OpenAnywhere();
        Assert.Equal(["html", "<b>x</b>\n\n**y**", "text", "open"], page.Import<string[]>("render.js", """
            const root = document.createElement('div');
            module.renderMarkdown(root, arguments[0]);
            return [...root.querySelectorAll('.code-block')].flatMap(
              block => [block.querySelector('.code-head span').textContent, block.querySelector('code').textContent]);
            """, "```html\n<b>x</b>\n\n**y**\n```\n~~~\nopen"));
    }

    [Fact]
    public void Markdown_RenderedWhileItComes_IsAsRenderedWhole()
    {
        page.OpenAnywhere();
        const string Text = """
            # Title

            A **bold** word and `code`,
            then [a link](https://a.b).

            1. one
               - inner
            2. two

            ```js
            const a = 1;

            b();
            ```
            > quote
            |a|b|
            |-|-|
            |1|2|
            """;
        Assert.Equal("", page.Import<string>("render.js", Outline + """
            const text = arguments[0];
            for (let end = 1; end <= text.length; end++) {
              module.renderMarkdown(root, text.slice(0, end));
              const whole = document.createElement('div');
              module.renderMarkdown(whole, text.slice(0, end));
              if (outline(root) !== outline(whole)) return text.slice(0, end);
            }
            return '';
            """, Text));
    }

    [Fact]
    public void Text_ThatIsHostile_StaysText()
    {
        page.Open();
        string[] hostile =
        [
            "<script>window.pwned=1</script>", "<img src=x onerror=window.pwned=1>", "<svg onload=window.pwned=1>",
            "<iframe srcdoc='<script>parent.pwned=1</script>'>", "[x](javascript:window.pwned=1)", "[x](JaVaScRiPt:window.pwned=1)",
            "[x]( java\tscript:window.pwned=1)", "[x](data:text/html,<script>1</script>)", "[x](vbscript:x)", "[x](&#106;avascript:1)",
            "![x](javascript:window.pwned=1)", "<javascript:window.pwned=1>", "```html\n</code></pre><script>window.pwned=1</script>\n```",
            "`</code><img src=x onerror=window.pwned=1>`", "|<script>window.pwned=1</script>|b|\n|-|-|\n|<img src=x onerror=window.pwned=1>|2|",
            "# <style>*{display:none}</style>", "[<img src=x onerror=window.pwned=1>](https://a.b/\"onmouseover=window.pwned=1)",
            "<a href=\"javascript:window.pwned=1\">x</a>", "<base href=//evil.example>", "<form action=//evil.example><button>x",
            "[x](//evil.example)", "https://a.b/\"onclick=window.pwned=1", "```\"><script>window.pwned=1</script>\nx\n```",
        ];
        foreach (string text in hostile)
        {
            string json = System.Text.Json.JsonSerializer.Serialize(text);
            page.Server.Answer = _ => ScriptedServer.Parts(
                $$"""{"reasoning_content":{{json}} }""", $$"""{"content":{{json}} }""",
                $$"""{"tool_calls":[{"index":0,"id":{{json}},"function":{"name":{{json}},"arguments":{{json}} } }]}""",
                $$"""{"error":{"message":{{json}} } }""");
            page.Click("#new-chat");
            page.Driver.ExecuteScript(
                "const p = document.getElementById('prompt'); p.value = arguments[0]; document.getElementById('composer').requestSubmit();", text);
            page.Until(() => page.Find(".assistant .error").Any(error => error.Displayed));
        }

        page.Server.Model = "<img src=x onerror=window.pwned=1>";
        page.Reload();
        for (int i = 0; i < hostile.Length; i++)
        {
            page.Click(".conversation", i);
            page.Click(".reasoning summary");
            Assert.Equal([], page.Run<string[]>("""
                return [...document.querySelectorAll('body *')].filter(element =>
                  ['script', 'img', 'iframe', 'style', 'base', 'object', 'embed'].includes(element.localName)
                  || (element.localName === 'a' && !element.classList.contains('skip')
                    && !(/^https?:$/.test(element.protocol) && element.rel === 'noopener noreferrer'))
                  || [...element.attributes].some(attribute => attribute.name.startsWith('on'))).map(element => element.outerHTML);
                """));
            page.Driver.ExecuteScript("document.querySelectorAll('.transcript button').forEach(button => button.matches('.actions button') || button.click());");
        }

        Assert.True(page.Run<bool>("return window.pwned === undefined && document.scripts.length === 1"));
        Assert.Empty(page.Errors());
    }

    [Fact]
    public void Policy_RefusesWhatCodeOfThePageWouldBreak() => Assert.Multiple(
        () => page.OpenAnywhere(),
        () => Assert.Contains("TrustedHTML", page.Run<string>("try { document.body.innerHTML = '<b>x</b>'; return ''; } catch (e) { return e.message; }"), StringComparison.Ordinal),
        () => Assert.NotEqual(1, page.Run<int>("const s = document.createElement('script'); try { s.text = 'window.ran = 1'; document.body.append(s); } catch { } return window.ran ?? 0;")));

    // Each of these would take minutes in quadratic time.
    [Fact(Explicit = true)]
    [Trait(Needs.Trait, Needs.Time)]
    public void Text_ThatIsLongAndOdd_TakesLittleTime()
    {
        page.OpenAnywhere();
        var slow = page.Import<Dictionary<string, double>>("render.js", """
            const slow = {};
            for (const part of ['[', '*a ', '_a ', '**', '`', '``a', '![', '<', '](', '> ', '- ', '1. ', '# ', '|', '|-', '~~a ', '\\', 'h', 'http://', '- a\n', '  - ', '    ', '>- ', '```', ' \n', '[a](', '***a', '|a|\n|-|\n']) {
              const text = part.repeat(Math.ceil(100000 / part.length));
              for (const whole of [text, '# ' + text + 'x', '```' + text + '`', 'a | b\n' + text + 'x']) {
                const begun = performance.now();
                module.renderMarkdown(document.createElement('div'), whole);
                const time = performance.now() - begun;
                if (time > 3000) slow[whole.slice(0, 12)] = time;
              }
            }
            return slow;
            """);
        Assert.Empty(slow);
    }
}
