import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import javax.xml.XMLConstants;
import javax.xml.parsers.*;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.*;
import javax.xml.xpath.*;
import org.w3c.dom.Document;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Judges messages with the schema and the rules as Recip-e publishes them, by the XML tools
 * of the JDK: a second opinion on our own validator.
 *
 * Arguments: the schema, validation.properties. Standard input: lines of "TYPE FILE"; an empty
 * line asks for the answers so far. Standard output, one line each: "FILE SCHEMA RULES", where SCHEMA is valid, invalid or
 * unreadable and RULES the numbers of the broken rules, separated by commas, or "-".
 */
public class Oracle {
    record Rule(int number, XPathExpression path, boolean counts, int least, int most) {}

    public static void main(String[] args) throws Exception {
        Schema schema = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI).newSchema(new File(args[0]));
        Map<String, List<Rule>> rules = new HashMap<>();
        for (String line : Files.readAllLines(Path.of(args[1]), StandardCharsets.ISO_8859_1)) {
            if (!line.startsWith("kmehr.assert.")) continue;
            int is = line.indexOf('=');
            String[] key = line.substring(0, is).trim().split("\\.");
            String text = line.substring(is + 1).trim();
            boolean counts = !text.startsWith("count(");
            int least = 0, most = Integer.MAX_VALUE;
            if (counts) {
                String[] parts = text.split(";");
                text = parts[0];
                least = Integer.parseInt(parts[1].trim());
                if (parts.length > 2) most = Integer.parseInt(parts[2].trim());
            }
            XPathExpression path = XPathFactory.newInstance().newXPath().compile(counts ? "count(" + text + ")" : text);
            rules.computeIfAbsent(key[2], k -> new ArrayList<>()).add(new Rule(Integer.parseInt(key[3]), path, counts, least, most));
        }
        DocumentBuilderFactory plain = DocumentBuilderFactory.newInstance();
        plain.setNamespaceAware(false); // as the rules are meant: names as they are written
        plain.setCoalescing(true);
        DocumentBuilder builder = plain.newDocumentBuilder();
        builder.setErrorHandler(null);
        Validator validator = schema.newValidator();
        validator.setErrorHandler(new DefaultHandler() {
            @Override public void error(org.xml.sax.SAXParseException e) throws SAXException { throw e; }
        });
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line; (line = in.readLine()) != null; ) {
            if (line.isEmpty()) {
                out.flush();
                continue;
            }
            String type = line.substring(0, 2), file = line.substring(3);
            byte[] message = Files.readAllBytes(Path.of(file));
            Document document;
            try {
                document = builder.parse(new ByteArrayInputStream(message));
            } catch (SAXException | IOException e) {
                out.println(file + " unreadable -");
                continue;
            }
            String verdict = "valid";
            try {
                validator.validate(new StreamSource(new ByteArrayInputStream(message)));
            } catch (SAXException e) {
                verdict = "invalid";
            }
            StringJoiner broken = new StringJoiner(",");
            broken.setEmptyValue("-");
            for (Rule r : rules.get(type)) {
                boolean holds;
                if (r.counts()) {
                    double n = (Double) r.path().evaluate(document, XPathConstants.NUMBER);
                    holds = n >= r.least() && n <= r.most();
                } else {
                    holds = (Boolean) r.path().evaluate(document, XPathConstants.BOOLEAN);
                }
                if (!holds) broken.add(Integer.toString(r.number()));
            }
            out.println(file + " " + verdict + " " + broken);
        }
        out.flush();
    }
}
